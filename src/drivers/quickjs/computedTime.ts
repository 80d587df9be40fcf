/**
 * How long this thread has computed since it was told to begin: time in which others had the processor, or in which the machine slept,
 * is not counted, so that a script is not ended because of what else goes on. Node before 23.9 knows only what the whole process has
 * computed; where that is more than the time that passed, it is the time that passed.
 */
export class ComputedTime {
  #cpu = 0;
  #wall = 0;

  constructor() {
    this.begin();
  }

  begin(): void {
    this.#cpu = readCpuMs();
    this.#wall = performance.now();
  }

  get ms(): number {
    return Math.min(readCpuMs() - this.#cpu, performance.now() - this.#wall);
  }
}

/** Not in every Node that may run this. */
const clock: { readonly threadCpuUsage?: () => NodeJS.CpuUsage; readonly cpuUsage: () => NodeJS.CpuUsage } = process;

function readCpuMs(): number {
  const { user, system } = clock.threadCpuUsage?.() ?? clock.cpuUsage();
  return (user + system) / 1000;
}
