import type { CommandPlaceholders } from '../../core/runs/runEnvironment.js';

/** Fills `{{node}}` with this process's runtime (in a guest: its own) and `{{dist}}` with the folder of the bundles. */
export function hostPlaceholders(distDir: string): CommandPlaceholders {
  return {
    fill(argv, guest) {
      // VS Code's own binary is Node only when it is told so.
      const asNode = !guest.isolated && argv.includes('{{node}}') && process.versions['electron'] !== undefined;
      const env: Readonly<Record<string, string>> = asNode ? { ELECTRON_RUN_AS_NODE: '1' } : {};
      const node = guest.isolated ? 'node' : process.execPath;
      return {
        argv: argv.map(argument =>
          argument === '{{node}}' ? node : argument.replace('{{dist}}', guest.place(distDir)),
        ),
        env,
      };
    },
  };
}
