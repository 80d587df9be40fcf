import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
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
    return new ProcessStream(child);
  }
}

/**
 * A process as a connection. The other end goes as soon as it has answered; that the input is closed then, before what was answered is
 * read, is no error: whoever reads sees the end.
 */
class ProcessStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #heard = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    super();
    this.#child = child;
    let complaint = '';
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (bytes: Buffer) => {
      this.#heard = true;
      if (!this.push(bytes)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => (complaint = (complaint + text).slice(-500)));
    child.once('error', error => this.destroy(error));
    // After everything that it said.
    child.once('close', code => {
      if (this.#heard || code === 0) this.push(null);
      else this.destroy(new Error(complaint.trim() || `ssh ended with ${code}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(bytes, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }
}
