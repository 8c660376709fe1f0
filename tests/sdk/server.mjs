// server.mjs - a real server in a folder of its own: started on a free port, ready, stopped, its folder removed.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
export const REGION = 'us-east-1';

export function binary() {
  return resolve(process.env.FERMATA_BIN || join(ROOT, 'build/dev/fermata'));
}

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** A port below 32768 that nobody listens on right now. */
async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const free = await new Promise((done) => {
      const probe = createServer();
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (free) return port;
  }
}

/** The first profile of a credentials file in the form of the AWS command line. */
export function readCredentials(path) {
  const found = {};
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const pair = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(line);
    if (pair && !(pair[1] in found)) found[pair[1]] = pair[2];
  }
  return { accessKeyId: found.aws_access_key_id, secretAccessKey: found.aws_secret_access_key };
}

export class Server {
  /** Resolves when the server answers /readyz; a port that somebody else has taken meanwhile is tried no more. */
  static async start(args = []) {
    const server = new Server();
    server.dir = mkdtempSync(join(tmpdir(), 'fermata-sdk-'));
    for (let attempt = 0; attempt < 5; attempt++) {
      server.launch(await freePort(), args);
      if (await server.isReady(Date.now() + 30000)) {
        server.credentials = readCredentials(join(server.dir, 'aws-credentials'));
        return server;
      }
      if (server.process.exitCode === null) break;
    }
    const text = server.log();
    await server.stop();
    throw new Error(`the server did not start:\n${text.slice(-4000)}`);
  }

  launch(port, args) {
    this.port = port;
    this.endpoint = `http://127.0.0.1:${port}`;
    const log = openSync(join(this.dir, 'serve.log'), 'a');
    const listen = ['--dir', this.dir, '--listen', `127.0.0.1:${port}`];
    this.process = spawn(binary(), ['serve', ...listen, ...args], { stdio: ['ignore', log, log] });
    this.process.on('error', (error) => (this.failure = error));
    closeSync(log);
  }

  /** Its folder names this port (another server may answer there), and it says that it is ready. */
  async isReady(end) {
    while (Date.now() < end && this.process.exitCode === null) {
      if (this.failure) throw this.failure;
      const url = join(this.dir, 'url');
      if (existsSync(url) && readFileSync(url, 'utf8').trim().endsWith(`:${this.port}`)) {
        const answer = await fetch(`${this.endpoint}/readyz`).catch(() => null);
        if (answer && answer.status === 200) return true;
      }
      await sleep(10);
    }
    return false;
  }

  log() {
    const path = join(this.dir, 'serve.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** SIGTERM, SIGKILL when it does not end by itself; resolves to its exit status (null when killed). */
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null && !this.failure) {
      const gone = new Promise((done) => this.process.once('exit', done));
      this.process.kill('SIGTERM');
      const late = setTimeout(() => this.process.kill('SIGKILL'), 20000);
      await gone;
      clearTimeout(late);
    }
    rmSync(this.dir, { recursive: true, force: true });
    return this.process.exitCode;
  }
}
