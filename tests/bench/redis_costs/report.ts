import { printLine } from "../../../src/terminal/output.ts";

/** A line of the table: a description and a figure. */
export function report(what: string, amount: number, unit: string): void {
  const digits = amount < 10 ? 2 : amount < 100 ? 1 : 0;
  printLine(`${what.padEnd(66)} ${amount.toFixed(digits).padStart(9)} ${unit}`);
}
