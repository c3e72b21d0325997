import { encodeEnvFile } from "./env_file.ts";
import { sourceFile } from "../process/source_files.ts";

/** The files in the binary, with a description of each. */
export const deployFiles = {
  systemd: "a unit for systemd",
  dockerfile: "a Dockerfile",
  grafana: "a dashboard for Grafana",
  alerts: "alert rules for Prometheus",
  nginx: "a configuration of nginx for three nodes",
  haproxy: "a configuration of HAProxy for three nodes",
  env: "every setting, with its default and a comment",
} as const;

/** A key of {@linkcode deployFiles}. */
export type DeployFileName = keyof typeof deployFiles;

/** The paths of the stored files; `env` is generated from the settings. */
const names: Record<Exclude<DeployFileName, "env">, string> = {
  systemd: "taskwire.service",
  dockerfile: "Dockerfile",
  grafana: "grafana.json",
  alerts: "alerts.yaml",
  nginx: "nginx.conf",
  haproxy: "haproxy.cfg",
};

/**
 * Reads a file from the binary.
 *
 * @throws {Deno.errors.NotFound} If the binary lacks the file.
 */
export async function readDeployFile(name: DeployFileName): Promise<string> {
  if (name === "env") return encodeEnvFile();
  return await Deno.readTextFile(sourceFile(`deploy/${names[name]}`));
}
