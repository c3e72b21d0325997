import { createHmac } from "node:crypto";

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Makes a token for a user, valid for an hour. */
export function makeToken(sub: number, secret: string): string {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const head = encode({ alg: "HS256", typ: "JWT" });
  const signed = `${head}.${encode({ sub: String(sub), exp })}`;
  const signature = createHmac("sha256", secret).update(signed);
  return `${signed}.${signature.digest("base64url")}`;
}
