/**
 * What `sandbox.network: allow-list` stands for: where packages of the usual languages and systems come from. Addresses that one can
 * also publish at are left out where there is another to read from (crates.io's API, PyPI's uploads, GitHub); npm has one for both.
 */
export const allowList: readonly string[] = [
  // npm, Yarn
  'registry.npmjs.org',
  'registry.yarnpkg.com',
  // PyPI
  'pypi.org',
  'files.pythonhosted.org',
  // crates.io, rustup
  'index.crates.io',
  'static.crates.io',
  'static.rust-lang.org',
  // Go
  'proxy.golang.org',
  'sum.golang.org',
  // Maven, Gradle
  'repo.maven.apache.org',
  'repo1.maven.org',
  'plugins.gradle.org',
  // NuGet
  'api.nuget.org',
  // RubyGems, Packagist, Hex
  'rubygems.org',
  'index.rubygems.org',
  'repo.packagist.org',
  'repo.hex.pm',
  // Debian, Ubuntu, Alpine
  'deb.debian.org',
  'security.debian.org',
  'archive.ubuntu.com',
  'security.ubuntu.com',
  'ports.ubuntu.com',
  'dl-cdn.alpinelinux.org',
];

/** The hosts that a compose file means. */
export function reachedHosts(
  network: 'none' | 'full' | readonly string[] | undefined,
): 'none' | 'full' | readonly string[] {
  if (network === undefined) return allowList;
  if (typeof network === 'string') return network;
  return [...new Set(network.flatMap(host => (host === 'allow-list' ? allowList : [host])))];
}
