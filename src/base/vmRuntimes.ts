/**
 * The runtimes of virtual machines that agents can run in, as their makers publish them. They bring about 100 MB of their own, so that
 * people install the one that they use, into a folder of Muster's; these are the versions that its drivers are written for.
 */
export const vmRuntimes = {
  microsandbox: { package: 'microsandbox', version: '0.6.18' },
  boxlite: { package: '@boxlite-ai/boxlite', version: '0.10.0' },
} as const;

export type VmRuntimeName = keyof typeof vmRuntimes;

/** Below the state directory. */
export const vmRuntimesFolder = 'runtimes';

/** The one command that installs a runtime where it is looked for. */
export function vmInstallCommand(name: VmRuntimeName, folder: string): string {
  const { package: published, version } = vmRuntimes[name];
  return `npm install --prefix "${folder}" ${published}@${version}`;
}
