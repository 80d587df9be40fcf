/**
 * An environment in which git takes every repository for the agent's own: the top of a volume is root's, and what a virtual machine has of
 * this one belongs to whoever it belongs to here.
 */
export function trusting(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const count = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  return {
    ...env,
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: 'safe.directory',
    [`GIT_CONFIG_VALUE_${count}`]: '*',
  };
}
