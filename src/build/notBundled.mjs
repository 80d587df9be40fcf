/**
 * Stands in for packages that a library of ours names and we never call: the Docker client's own ssh and its sessions for
 * building images. Each would bring megabytes and native code.
 */
export const notBundled = true;
