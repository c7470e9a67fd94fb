/** What only a running server can show: its TURN, its clock, its readiness. */
import { type Sluice, SluiceError } from '../../../client/server-sdk/sluice.ts';
import type { Config } from '../../config/config.ts';
import { type Finding, ok, problem, reasonOf, skipped, warning } from './finding.ts';
import { allocate, parseTurnUri } from './stun-client.ts';

/** Seconds by which clocks differ that nobody notices. */
const FINE = 2;

/** Whether new joins are welcome, and what is in their way. */
export async function readiness(sluice: Sluice): Promise<Finding> {
  try {
    const { ready, checks } = await sluice.readiness();
    const failing = Object.entries(checks).filter(([, { ok: fine }]) => !fine);
    if (ready) return ok('readiness', 'new joins are welcome');
    const why = failing.map(([name, { reason = 'not ready' }]) => `${name}: ${reason}`).join('; ');
    return problem('readiness', why === '' ? 'draining' : why, 'Mend that: until then nobody new may join.');
  } catch (error) {
    return problem('readiness', reasonOf(error), "See the server's log.");
  }
}

/** Allocates through each URI that clients are told. */
export async function turn(sluice: Sluice): Promise<Finding[]> {
  let credentials;
  try {
    credentials = await sluice.turnCredentials({ identity: 'sluice-doctor', ttl: 60 });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    if (error.code === 'not-found') return [skipped('TURN', 'switched off')];
    const change = 'Give a key that this server accepts: --key or SLUICE_API_KEY.';
    return [problem('TURN', `no credentials: ${error.message} (${error.code})`, change)];
  }
  const { uris, username, password } = credentials;
  const findings: Finding[] = [];
  for (const uri of uris) findings.push(await throughUri(uri, username, password));
  return findings;
}

async function throughUri(uri: string, username: string, password: string): Promise<Finding> {
  const target = parseTurnUri(uri);
  if (target === undefined) return problem(uri, 'cannot be read', 'Set turn.announced to an address or a name.');
  try {
    const { relayed, untrusted } = await allocate(target, username, password);
    if (untrusted === undefined) return ok(uri, `relays from ${relayed}`);
    const change =
      'Set turn.tls to a certificate for this name that browsers trust: they refuse this one and say nothing.';
    return warning(uri, `relays from ${relayed}, with a certificate that is not trusted (${untrusted})`, change);
  } catch (error) {
    const { host, port, transport } = target;
    const protocol = transport === 'udp' ? 'UDP' : 'TCP';
    const change = `Let ${protocol} port ${port} through to ${host}; from the outside it is the firewall or the cloud's rules.`;
    return problem(uri, `no relay: ${reasonOf(error)}`, change);
  }
}

/** How far the server's clock is from this one: by its answers, and by what it writes into tokens. */
export async function clock(
  sluice: Sluice,
  date: Date | undefined,
  { auth }: Pick<Config, 'auth'>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (date !== undefined)
    findings.push(judged('clock by the Date header', (date.getTime() - Date.now()) / 1000, auth.leeway / 1000));
  try {
    const asked = Date.now() / 1000;
    const { token } = await sluice.tokens.create('sluice-doctor', { identity: 'sluice-doctor', ttl: 60 });
    const { iat, exp } = timesOf(token);
    const answered = Date.now() / 1000;
    // `iat` has whole seconds: what lies in the second of the answer is no difference.
    const skew = iat + 1 < asked ? iat + 1 - asked : iat > answered ? iat - answered : 0;
    findings.push(
      exp - iat === 60
        ? judged('clock by a token', skew, auth.leeway / 1000)
        : problem(
            'clock by a token',
            `exp is ${exp - iat} s behind iat, not 60`,
            'Look at what stands between here and the server.',
          ),
    );
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    findings.push(skipped('clock by a token', `no token: ${error.message} (${error.code})`));
  }
  return findings;
}

function judged(check: string, skew: number, leeway: number): Finding {
  const found = `${Math.abs(skew).toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead of'} this machine`;
  const change =
    'Let both machines set their clocks by NTP (chrony, systemd-timesyncd): tokens and TURN credentials go by them.';
  if (Math.abs(skew) <= FINE) return ok(check, 'the same as here');
  return Math.abs(skew) > leeway ? problem(check, found, change) : warning(check, found, change);
}

/** The times of a JWT (RFC 7519 §4.1), in seconds since the epoch. Whose it is does not matter here. */
function timesOf(token: string): { iat: number; exp: number } {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  return { iat: Number(claims['iat']), exp: Number(claims['exp']) };
}
