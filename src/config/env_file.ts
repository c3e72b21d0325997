/** A line that sets a variable of taskwire; all further lines are ignored. */
const ownLine = /^\s*(?:export\s+)?TASKWIRE_/;

const assignment = /^\s*(?<name>TASKWIRE_\w+)[ \t]*=(?<text>.*)$/;

/**
 * Reads the settings of an env file. Accepts only unambiguous lines: systemd's
 * `EnvironmentFile=`, a shell and the usual .env readers must read the same
 * value. The error for an ambiguous line explains how to write the line.
 *
 * @returns The variables that begin with `TASKWIRE_`; the last line for a name wins.
 * @throws {AggregateError} With a `SyntaxError` for each refused line; the
 * messages contain no values.
 */
export function parseEnvFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const errors: SyntaxError[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const [index, line] of lines.entries()) {
    if (!ownLine.test(line)) continue;
    const { name, text } = assignment.exec(line)?.groups ?? {};
    try {
      if (name === undefined || text === undefined) {
        throw new SyntaxError("expected NAME=value, without 'export'");
      }
      values[name] = parseValue(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const subject = name === undefined ? "" : ` ${name}:`;
      errors.push(
        new SyntaxError(`line ${index + 1}:${subject} ${error.message}`),
      );
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, "a bad env file");
  return values;
}

function parseValue(text: string): string {
  const value = text.trim();
  const [quote] = /^['"]/.exec(value) ?? [];
  if (quote === undefined) {
    if (/\s#/.test(text)) {
      throw new SyntaxError(
        "put the value into quotes if '#' is part of the value; otherwise move the comment to its own line",
      );
    }
    if (value.includes("\\")) {
      throw new SyntaxError("put a value with a backslash into single quotes");
    }
    return value;
  }
  const end = value.indexOf(quote, 1);
  if (end < 0) {
    throw new SyntaxError(`the value's quote ${quote} is not closed`);
  }
  if (end < value.length - 1) {
    throw new SyntaxError(
      `remove the text after the closing quote ${quote}, even if it is a comment`,
    );
  }
  const inner = value.slice(1, end);
  if (quote === '"' && inner.includes("\\")) {
    throw new SyntaxError("put a value with a backslash into single quotes");
  }
  return inner;
}

/** Writes a value for {@linkcode parseEnvFile}, in quotes only if necessary. */
export function encodeEnvValue(value: string): string {
  const isPlain = value === value.trim() && !/^['"]|\\|\s#/.test(value);
  if (isPlain) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
