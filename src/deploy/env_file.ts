import { allSettings, flagOf, type Setting } from "../config/settings.ts";

/**
 * Every setting as an env file: what it does and expects, its flag, and the
 * variable with its default, commented out. To set one, take away its `#`.
 */
export function encodeEnvFile(): string {
  const entries = Object.values<Setting>(allSettings).map((setting) => {
    const { variable, fallback = "", description, expects } = setting;
    return [
      `# ${description}`,
      `# ${flagOf(setting)}: ${expects}`,
      `#${variable}=${fallback}`,
      "",
    ].join("\n");
  });
  return [header, ...entries].join("\n");
}

const header =
  `# The settings of taskwire, each with its default. Take away the '#' before a
# variable to set it; flags and the environment win over this file.
# 'taskwire config --env-file FILE' prints what is then in force. A value with a
# '#' after a space goes into quotes, one with a backslash into single quotes.
`;
