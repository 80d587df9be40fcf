import * as z from 'zod';

/**
 * `<state>/endpoint.json`: tells clients where to knock, nothing more. Written by rename, 0600 in a 0700 directory.
 * Whoever reads it treats each field as untrusted.
 */
export const endpointFileSchema = z.object({
  /** Format of this file. */
  format: z.literal(1),
  /** `/etc/machine-id` or the platform's like, so that a copied home directory is noticed. */
  machine: z.string().max(200),
  /** Boot id: after a reboot the pid means nothing. */
  boot: z.string().max(200),
  pid: z.number().int().positive(),
  /** Start time of that pid, as the process table gives it. */
  start_time: z.string().max(100),
  /** Unix socket path, or the name of a Windows pipe. */
  socket: z.string().min(1).max(1024),
  version: z.string().max(100),
  protocol: z.number().int().nonnegative(),
  /** Sent as `Authorization: Bearer …`. */
  token: z.string().regex(/^[0-9a-f]{64}$/),
});

export type EndpointFile = z.infer<typeof endpointFileSchema>;

/** Name of the file in the state directory. */
export const endpointFileName = 'endpoint.json';

/** Exit status of a host that found another one holding the lock: whoever started it connects to that one. */
export const lockedExitStatus = 75;
