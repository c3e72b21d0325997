import { KeyError } from "../auth/verification_key.ts";
import type { KeyFile } from "../auth/keys.ts";
import type { Config } from "../config/config.ts";
import { createServices, type ServiceOptions } from "../create_services.ts";
import type { Services } from "../services.ts";
import { StoreOpenError } from "../tasks/store.ts";
import { CommandFailure } from "../terminal/failure.ts";

/**
 * Creates the services of a configuration and starts to watch leases.
 *
 * @throws {CommandFailure} If the keys or the store are unusable.
 */
export async function openServices(
  config: Config,
  publicKey?: KeyFile,
  options?: ServiceOptions,
): Promise<Services> {
  return await orFail(async () => {
    const services = await createServices(config, publicKey, options);
    await services.leases.start(services.store);
    return services;
  });
}

/**
 * Turns errors of keys and stores, which an operator can correct, into failures
 * of the command.
 *
 * @throws {CommandFailure} If the keys or the store are unusable.
 */
export async function orFail<T>(open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof KeyError) throw new CommandFailure(error.message);
    if (!(error instanceof StoreOpenError)) throw error;
    throw new CommandFailure(`cannot open the store: ${error.message}`);
  }
}
