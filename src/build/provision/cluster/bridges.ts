/** The network of a cluster's pods, which is named by the process that started it, so that it is known when nobody is left to take it away. */
export function bridgeOf(pid: number): string {
  return `mstr${pid}`;
}

/** Of what `ip -oneline link` lists, the bridges whose process is gone. */
export function leftBridges(listed: string, isThere: (pid: number) => boolean): readonly string[] {
  const ours = [...listed.matchAll(/^\d+: (mstr(\d+)):/gm)];
  return ours.flatMap(([, name = '', pid]) => (isThere(Number(pid)) ? [] : [name]));
}
