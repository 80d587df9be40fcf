import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';

/** Whoever does not answer in that time is told of as not there. */
const connectSeconds = 15;

/**
 * Connections to an engine on another machine as the `docker` command makes them: each is the system's own `ssh` with `docker system
 * dial-stdio` at the other end. So the user's keys, agent, configuration and known hosts count, and nothing asks questions.
 */
export class SshConnections extends Agent {
  readonly #address: string;
  readonly #environment: Readonly<Record<string, string>>;

  /** `address`: `[user@]host[:port]`. */
  constructor(address: string, environment: Readonly<Record<string, string>>) {
    super({ keepAlive: false });
    this.#address = address;
    this.#environment = environment;
  }

  override createConnection(): Duplex {
    const args = ['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${connectSeconds}`, '-T'];
    const child = spawn('ssh', [...args, '--', `ssh://${this.#address}`, 'docker', 'system', 'dial-stdio'], {
      env: this.#environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
    let complaint = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => (complaint = (complaint + text).slice(-500)));
    child.once('error', error => stream.destroy(error));
    child.once('close', code => {
      if (code !== 0) stream.destroy(new Error(complaint.trim() || `ssh ended with ${code}`));
    });
    stream.once('close', () => child.kill());
    return stream;
  }
}
