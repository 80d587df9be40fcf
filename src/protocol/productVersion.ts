declare const MUSTER_VERSION: string | undefined;

/** Version of this build, from package.json; the bundler puts it in. Sources that run unbundled call themselves 0.0.0. */
export const productVersion: string = typeof MUSTER_VERSION === 'string' ? MUSTER_VERSION : '0.0.0';
