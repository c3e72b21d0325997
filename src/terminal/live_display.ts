import { printable } from "./output.ts";
import { renderTask, type TaskView } from "./task_line.ts";
import { cutToWidth, textWidth } from "./text_width.ts";

/** The terminal that a {@linkcode LiveDisplay} draws on. */
export interface Terminal {
  /** The size now; 0 if the terminal does not know. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly write: (text: string) => void;
}

/** The size of a terminal that does not know its own. */
const usualSize = { columns: 80, rows: 24 };

/**
 * Draws tasks below all that was printed, a line for each, and again whenever
 * one changes. If there are more tasks than rows, the last line counts those
 * that are not shown.
 */
export class LiveDisplay {
  readonly #tasks = new Map<string, TaskView | undefined>();
  readonly #terminal: Terminal;
  /** The widths of the lines that are on the screen. */
  #drawn: readonly number[] = [];
  /** Set if the cursor is on a line of its own, below the tasks. */
  #isCursorBelow = false;

  constructor(ids: readonly string[], terminal: Terminal) {
    for (const id of ids) this.#tasks.set(id, undefined);
    this.#terminal = terminal;
  }

  /** Shows a task as it is now. */
  show(taskId: string, task: TaskView | undefined): void {
    this.#tasks.set(taskId, task);
    this.#draw();
  }

  /** Shows a task as deleted, with its last progress. */
  showDeleted(taskId: string): void {
    const task = this.#tasks.get(taskId);
    this.show(taskId, { ...task, status: "deleted" });
  }

  /** Calls a function that prints above the tasks. */
  printAbove(print: () => void): void {
    const isDrawn = this.#drawn.length > 0;
    this.#erase();
    print();
    if (isDrawn) this.#draw();
  }

  /** Leaves all tasks on the screen as they are, in full. */
  end(): void {
    if (this.#drawn.length === 0) return;
    this.#erase();
    const lines = this.#lines().map((line) => `${line}\r\n`);
    this.#terminal.write(lines.join(""));
  }

  #draw(): void {
    const { columns, rows } = this.#size();
    const eraser = this.#eraser(columns);
    this.#isCursorBelow = rows > 1;
    const lines = this.#fit(this.#isCursorBelow ? rows - 1 : rows)
      .map((line) => cutToWidth(line, Math.max(1, columns - 1)));
    const end = this.#isCursorBelow ? "\r\n" : "";
    // Without autowrap: a character may be wider than thought.
    this.#terminal.write(
      `${eraser}\x1b[?7l${lines.join("\r\n")}${end}\x1b[?7h`,
    );
    this.#drawn = lines.map(textWidth);
  }

  #erase(): void {
    this.#terminal.write(this.#eraser(this.#size().columns));
    this.#drawn = [];
  }

  /**
   * Clears the lines that are on the screen, and moves the cursor to the first.
   * Line by line: if all of the screen is cleared at once, terminals keep it in
   * their history.
   */
  #eraser(columns: number): string {
    if (this.#drawn.length === 0) return "";
    // A terminal that was made narrower has broken long lines.
    const heights = this.#drawn.map((width) =>
      Math.max(1, Math.ceil(width / columns))
    );
    const height = heights.reduce((sum, each) => sum + each, 0);
    const up = this.#isCursorBelow ? height : height - 1;
    const clear = Array(height).fill("\x1b[2K").join("\x1b[B");
    return `\r${moveUp(up)}${clear}${moveUp(height - 1)}`;
  }

  #size(): { columns: number; rows: number } {
    const { columns, rows } = this.#terminal.size();
    return {
      columns: columns || usualSize.columns,
      rows: rows || usualSize.rows,
    };
  }

  #lines(): string[] {
    return [...this.#tasks].map(([id, task]) => renderTask(id, task));
  }

  /** As many lines as there is room for: those of unfinished tasks first. */
  #fit(room: number): string[] {
    if (this.#tasks.size <= room) return this.#lines();
    const entries = [...this.#tasks].sort(([, a], [, b]) =>
      Number(isOver(a)) - Number(isOver(b))
    );
    const shown = entries.slice(0, room - 1);
    const counts = new Map<string, number>();
    for (const [, task] of entries.slice(room - 1)) {
      const status = printable(task?.status ?? "waiting");
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    const words = [...counts].map(([status, count]) => `${count} ${status}`);
    const rest = shown.length === 0
      ? `${entries.length} tasks`
      : `… and ${entries.length - shown.length} more`;
    return [
      ...shown.map(([id, task]) => renderTask(id, task)),
      `${rest}: ${words.join(", ")}`,
    ];
  }
}

function moveUp(lines: number): string {
  return lines > 0 ? `\x1b[${lines}A` : "";
}

function isOver(task: TaskView | undefined): boolean {
  return /^(?:succeeded|failed|canceled|deleted)$/.test(task?.status ?? "");
}
