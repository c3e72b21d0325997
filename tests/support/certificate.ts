import { join } from "node:path";
import { runTool } from "./external_tool.ts";

/** The files of a server's certificate, PEM. */
export interface Certificate {
  /** The certificate of the signing authority, to be trusted by clients. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes a certificate for `localhost` and `127.0.0.1` in a folder, good for a day; needs `openssl`. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const files = {
    authority: join(folder, "authority.pem"),
    authorityKey: join(folder, "authority.key"),
    certificate: join(folder, "server.pem"),
    key: join(folder, "server.key"),
  };
  const ec = [
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-nodes", "-x509", "-days", "1"],
  ];
  await openssl([
    ...["req", ...ec, "-subj", "/CN=An authority of the tests"],
    ...["-addext", "keyUsage=critical,keyCertSign"],
    ...["-keyout", files.authorityKey, "-out", files.authority],
  ]);
  await openssl([
    ...["req", ...ec, "-subj", "/CN=localhost"],
    ...["-CA", files.authority, "-CAkey", files.authorityKey],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", files.key, "-out", files.certificate],
  ]);
  return files;
}

async function openssl(args: readonly string[]): Promise<void> {
  const { success, output } = await runTool("openssl", args);
  if (!success) throw new Error(output);
}
