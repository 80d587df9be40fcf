/** The extension by which VS Code opens a folder inside a container. */
export const devContainers = 'ms-vscode-remote.remote-containers';

/** Where that extension looks unless it is told. */
const usualEngines = ['unix:///var/run/docker.sock', 'npipe:////./pipe/docker_engine'];

/** The workspace of a container, as that extension addresses it: by name or id, on an engine that is named where it is not the usual one. */
export function attachedFolder(container: string, engine: string | undefined): string {
  const settings = engine === undefined || usualEngines.includes(engine) ? {} : { settings: { host: engine } };
  // With a slash before it an id is taken for a name.
  const place = JSON.stringify({ containerName: container, ...settings });
  return `vscode-remote://attached-container+${Buffer.from(place).toString('hex')}/workspace`;
}

/** The engine that a command of Docker's command line names. */
export function engineOf(command: readonly string[]): string | undefined {
  const at = command.indexOf('--host');
  return at < 0 ? undefined : command[at + 1];
}
