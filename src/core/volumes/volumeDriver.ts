import type { DriverSpec } from '../../compose/projectSpec.js';

/** A named volume that this host made, as an engine has it. Times are milliseconds since the epoch. */
export interface Volume {
  readonly name: string;
  /** Where the engine has it, on its own machine. */
  readonly path: string;
  /** Without those by which it is known as ours. */
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** Containers that have it, whoever made them. */
  readonly containers: number;
}

/**
 * Port: the volumes of the engine that a sandbox driver runs on, of those that this host made for people and for compose files: others',
 * and those in which the host sends runs to an engine elsewhere, are not there. Everything throws `sandbox.unavailable` when the engine
 * does not answer, and `volume.failed` with what it said when it refuses.
 */
export interface VolumeDriver {
  list(engine: DriverSpec): Promise<readonly Volume[]>;
  /** Makes it, or finds it as it is. Errors: `volume.failed` for a name that something else has. */
  create(engine: DriverSpec, volume: NewVolume): Promise<{ readonly volume: Volume; readonly created: boolean }>;
  /** Errors: `volume.failed` for one that a container has, or that this host did not make. */
  remove(engine: DriverSpec, name: string): Promise<void>;
}

export type NewVolume = Pick<Volume, 'name' | 'labels'>;
