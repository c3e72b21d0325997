import { Command } from "commander";
import { describeConfig } from "../config/config.ts";
import { type SettingName, settings } from "../config/settings.ts";
import { type CliCommand, readConfig, withSettings } from "./command.ts";
import { printLine } from "../terminal/output.ts";

/** `taskwire config`: prints the effective configuration, secrets hidden. */
export function configCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("config").description(
        "print the effective configuration, secrets hidden",
      ),
      Object.keys(settings) as SettingName[],
    ),
    action(command) {
      for (const line of describeConfig(readConfig(command))) printLine(line);
      return 0;
    },
  };
}
