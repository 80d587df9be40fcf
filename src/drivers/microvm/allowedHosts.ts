import { isIP } from 'node:net';

/** A host that a compose file allows. */
export interface AllowedHost {
  readonly kind: 'name' | 'below' | 'address';
  /** Of `below`: without `*.`. */
  readonly host: string;
  readonly ports: readonly number[];
}

/** Of a name without a port. */
const usualPorts = [80, 443];

/** `registry.npmjs.org`, `*.debian.org`, `example.com:8443`, `192.168.1.5:80`. */
export function allowedHost(pattern: string): AllowedHost {
  const [, name = '', digits] = /^(.*?)(?::(\d{1,5}))?$/.exec(pattern.toLowerCase()) ?? [];
  const ports = digits === undefined ? usualPorts : [Number(digits)];
  if (name.startsWith('*.')) return { kind: 'below', host: name.slice(2), ports };
  return { kind: isIP(name) === 0 ? 'name' : 'address', host: name, ports };
}
