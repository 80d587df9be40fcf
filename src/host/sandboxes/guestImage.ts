import { join } from 'node:path';
import type { ImageBuild } from '../../core/images/image.js';

/** How the image of our own is built: its Dockerfile ships beside the bundles. */
export function guestImage(distDir: string): ImageBuild {
  return {
    context: join(distDir, '..', 'images', 'guest'),
    dockerfile: 'Dockerfile',
    args: {},
    names: ['muster-guest:latest'],
    noCache: false,
    pull: false,
  };
}
