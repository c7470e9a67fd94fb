/** Whether certificate and key fit each other, the name that clients use, and the calendar. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

import type { Config } from '../../config/config.ts';
import { type Finding, ok, problem, reasonOf, skipped, warning } from './finding.ts';
import type { Answering } from './server.ts';

const DAY = 24 * 3600 * 1000;
/** Automatic renewals come 30 days before the end: what is closer to it than this was not renewed. */
const SOON = 14 * DAY;

/** Certificates of HTTP and of turns:, and what the running server shows. */
export function certificates(config: Config, url: string, answering: Answering | undefined, now: number): Finding[] {
  const { tls, turn } = config;
  const host = new URL(url).hostname.replace(/^\[|\]$/gu, '');
  const shown = answering?.certificate;
  const findings: Finding[] = [];
  if (tls === 'off' && shown === undefined) {
    findings.push(skipped('TLS certificate', url.startsWith('https:') ? 'nothing answers there yet' : 'TLS is off'));
  } else if (tls === 'self-signed') {
    const change =
      'Set tls to a certificate that clients trust: browsers refuse this one until they are told to accept it.';
    findings.push(warning('TLS certificate', 'self-signed', change));
  } else if (tls !== 'off') {
    findings.push(...files('TLS certificate', 'tls', tls, host, now));
    if (shown !== undefined) findings.push(fresh(tls.cert, shown));
  }
  if (shown !== undefined && tls === 'off') findings.push(inPlace('TLS certificate', shown, host, now));
  if (answering?.untrusted !== undefined && tls !== 'self-signed') {
    const change = 'Serve the whole chain, the intermediate certificates behind your own, or one that clients trust.';
    findings.push(problem('TLS trust', `clients of ${url} do not trust it (${answering.untrusted})`, change));
  }
  if (turn.enabled && typeof turn.tls === 'object')
    findings.push(...files('TURN certificate', 'turn.tls', turn.tls, host, now));
  return findings;
}

function files(
  check: string,
  key: string,
  { cert, key: keyFile }: { cert: string; key: string },
  host: string,
  now: number,
) {
  try {
    const certificate = new X509Certificate(readFileSync(cert));
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile)))) {
      return [problem(check, 'the key is not the key of the certificate', `Set ${key}.cert and ${key}.key to a pair.`)];
    }
    return [inPlace(check, certificate, host, now)];
  } catch (error) {
    return [
      problem(
        check,
        `cannot be read (${reasonOf(error)})`,
        `Set ${key}.cert and ${key}.key to PEM files that the server may read.`,
      ),
    ];
  }
}

/** Whether it is for `host`, and for now. */
function inPlace(check: string, certificate: X509Certificate, host: string, now: number): Finding {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const matches = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  const ends = new Date(to).toISOString().slice(0, 10);
  if (now < from) return problem(check, `good from ${certificate.validFrom} on`, "Set this machine's clock, or wait.");
  if (now > to) return problem(check, `expired on ${ends}`, 'Renew it, and restart the server.');
  if (matches === undefined) {
    const names = certificate.subjectAltName ?? certificate.subject;
    return problem(
      check,
      `for ${names}, not for ${host}`,
      'Set publicUrl to a name of the certificate, or get one for this name.',
    );
  }
  if (to - now < SOON)
    return warning(check, `expires on ${ends}`, 'Renew it, and look at why nothing renews it by itself.');
  return ok(check, `for ${host}, until ${ends}`);
}

/** The running server reads its certificate when it starts. */
function fresh(file: string, shown: X509Certificate): Finding {
  try {
    const { fingerprint256 } = new X509Certificate(readFileSync(file));
    if (fingerprint256 === shown.fingerprint256) return ok('TLS certificate in use', 'the one of the file');
  } catch (error) {
    return skipped('TLS certificate in use', `the file cannot be read (${reasonOf(error)})`);
  }
  return warning(
    'TLS certificate in use',
    'another one than that of the file',
    'Restart the server: it has read the file before it changed.',
  );
}
