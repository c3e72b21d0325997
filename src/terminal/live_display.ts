import { printable } from "./output.ts";
import { renderTask, type TaskView } from "./task_line.ts";
import { cutToWidth, textWidth } from "./text_width.ts";

/** The terminal below a {@linkcode LiveDisplay}. */
export interface Terminal {
  /** The current size; 0 if unknown to the terminal. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly write: (text: string) => void;
}

/** The size of a terminal of unknown size. */
const usualSize = { columns: 80, rows: 24 };

/**
 * Draws tasks below the printed lines, a line per task, and redraws after each
 * change. Without tasks, the display is a line saying so. If the rows do not
 * suffice, the last line counts the hidden tasks.
 */
export class LiveDisplay {
  readonly #tasks = new Map<string, TaskView | undefined>();
  readonly #terminal: Terminal;
  /** The widths of the drawn lines. */
  #drawn: readonly number[] = [];
  /** True if the cursor is on an empty line below the tasks. */
  #isCursorBelow = false;

  constructor(ids: readonly string[], terminal: Terminal) {
    for (const id of ids) this.#tasks.set(id, undefined);
    this.#terminal = terminal;
  }

  /** Shows the current state of a task. */
  show(taskId: string, task: TaskView | undefined): void {
    this.#tasks.set(taskId, task);
    this.#draw();
  }

  /** Shows a task as deleted, with its last progress. */
  showDeleted(taskId: string): void {
    const task = this.#tasks.get(taskId);
    this.show(taskId, { ...task, status: "deleted" });
  }

  /** Shows exactly these tasks. A task already shown keeps its line. */
  replace(
    tasks: readonly (TaskView & { readonly connection_id: string })[],
  ): void {
    const ids = new Set(tasks.map(({ connection_id }) => connection_id));
    for (const id of this.#tasks.keys()) {
      if (!ids.has(id)) this.#tasks.delete(id);
    }
    for (const task of tasks) this.#tasks.set(task.connection_id, task);
    this.#draw();
  }

  /** Calls a function that prints above the tasks. */
  printAbove(print: () => void): void {
    const isDrawn = this.#drawn.length > 0;
    this.#erase();
    print();
    if (isDrawn) this.#draw();
  }

  /** Draws all tasks a last time, in full. */
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
    // Without autowrap: a character may be wider than `textWidth` counts.
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
   * Clears the drawn lines, and moves the cursor to the first of the lines.
   * Terminals would keep a screen cleared as a whole in the scrollback, so each
   * line is cleared on its own.
   */
  #eraser(columns: number): string {
    if (this.#drawn.length === 0) return "";
    // A narrowed terminal wraps long lines.
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
    if (this.#tasks.size === 0) return ["no tasks"];
    return [...this.#tasks].map(([id, task]) => renderTask(id, task));
  }

  /** Returns as many lines as fit, unfinished tasks first. */
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
