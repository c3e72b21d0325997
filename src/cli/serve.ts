import { Command } from "commander";
import { configureLog, log } from "../log/log.ts";
import { type SettingName, settings } from "../config/settings.ts";
import { type CliCommand, readConfig, withSettings } from "./command.ts";
import { fitOpenFiles, readOpenFileLimit } from "../launch/open_files.ts";
import { hasShortApiKey, withKeys } from "../launch/safe_defaults.ts";

/** `taskwire serve`: runs the server until SIGTERM or SIGINT, or until a limit of the process is reached. */
export function serveCommand(): CliCommand {
  return {
    isDefault: true,
    command: withSettings(
      new Command("serve").description("run the server (the default command)"),
      Object.keys(settings) as SettingName[],
    ),
    async action(command) {
      const configured = withKeys(readConfig(command));
      const { log: level, workers } = configured.config;
      configureLog(level, Deno.stderr.isTerminal());
      if (hasShortApiKey(configured.config)) {
        log.warn(
          "A key in TASKWIRE_API_KEYS has fewer than 16 characters and can be guessed: replace it with the output of 'openssl rand -hex 16'",
        );
      }
      const openFiles = await readOpenFileLimit();
      const keyed = openFiles === undefined ? configured : {
        ...configured,
        config: fitOpenFiles(configured.config, openFiles),
      };
      const count = workers === "auto"
        ? navigator.hardwareConcurrency
        : workers;
      // Loaded on demand, since most servers have one process and most commands
      // need no server.
      if (count > 1) {
        const { supervise } = await import("../launch/supervise.ts");
        return await supervise(keyed, count);
      }
      // Only the start of workers needs this permission.
      Deno.permissions.revokeSync({ name: "run" });
      const { serveAlone } = await import("../launch/serve_alone.ts");
      return await serveAlone(keyed);
    },
  };
}
