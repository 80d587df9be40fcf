import type { CommandPlaceholders } from '../../core/runs/runEnvironment.js';

/** Fills `{{node}}` with this process's runtime and `{{dist}}` with the folder of the bundles. */
export function hostPlaceholders(distDir: string): CommandPlaceholders {
  return {
    asRoot: process.getuid?.() === 0,
    fill(argv) {
      // VS Code's own binary is Node only when it is told so.
      const asNode = argv.includes('{{node}}') && process.versions['electron'] !== undefined;
      const env: Readonly<Record<string, string>> = asNode ? { ELECTRON_RUN_AS_NODE: '1' } : {};
      return {
        argv: argv.map(argument =>
          argument === '{{node}}' ? process.execPath : argument.replace('{{dist}}', distDir),
        ),
        env,
      };
    },
  };
}
