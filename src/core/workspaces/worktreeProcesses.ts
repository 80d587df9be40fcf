/** A process of this user, as a person would recognise it. */
export interface WorktreeProcess {
  readonly pid: number;
  /** The program's name; never its arguments, which may hold secrets. */
  readonly name: string;
  /** The run that started it, as its environment says: a hint, which chooses nothing. */
  readonly run?: string;
}

/** Port: who works in a folder of this machine. Implemented by `drivers/process`. */
export interface WorktreeProcesses {
  /** For each folder, in order, the processes whose working folder it is or lies in it. Empty where the system does not tell. */
  inside(folders: readonly string[]): Promise<readonly (readonly WorktreeProcess[])[]>;
}
