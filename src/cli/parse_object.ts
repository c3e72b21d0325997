/** Parses a JSON object; `undefined` for the text of some other server. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // SyntaxError
  }
}
