import { encodeEnvFile } from "./env_file.ts";

/** The files that go with the binary, and what each is. */
export const deployFiles = {
  systemd: "a unit for systemd",
  dockerfile: "a Dockerfile",
  grafana: "a dashboard for Grafana",
  alerts: "alert rules for Prometheus",
  nginx: "a configuration of nginx, before three nodes",
  haproxy: "the same of HAProxy",
  env: "every setting, with its default and a comment",
} as const;

/** What one of {@linkcode deployFiles} is asked for by. */
export type DeployFileName = keyof typeof deployFiles;

/** Where those lie that are not made of the settings. */
const names: Record<Exclude<DeployFileName, "env">, string> = {
  systemd: "taskwire.service",
  dockerfile: "Dockerfile",
  grafana: "grafana.json",
  alerts: "alerts.yaml",
  nginx: "nginx.conf",
  haproxy: "haproxy.cfg",
};

/**
 * Reads a file that goes with the binary.
 *
 * @throws {Deno.errors.NotFound} When it is not in the binary.
 */
export async function readDeployFile(name: DeployFileName): Promise<string> {
  if (name === "env") return encodeEnvFile();
  return await Deno.readTextFile(new URL(names[name], import.meta.url));
}
