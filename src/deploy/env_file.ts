import { allSettings, flagOf, type Setting } from "../config/settings.ts";

/**
 * Writes every setting as an env file: the description, the flag and the form,
 * then the variable with its default, commented out.
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
  `# The settings of taskwire with their defaults. To set a variable, remove the '#'
# before its name. Flags and environment variables take precedence over this
# file. 'taskwire config --env-file FILE' prints the effective settings. Put a
# value with a '#' after a space into quotes, a value with a backslash into
# single quotes.
`;
