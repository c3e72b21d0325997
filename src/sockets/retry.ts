/**
 * When a client should come back, in milliseconds: at random per socket, so
 * that those who were sent away together don't return together (spec §1).
 */
export function jitteredRetryMs(): number {
  return Math.round(500 + Math.random() * 4_500);
}
