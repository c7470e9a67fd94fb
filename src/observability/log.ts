import { isatty } from 'node:tty';
import pino from 'pino';
import { formatLine } from './log-line.ts';
import { createLogOutput } from './log-output.ts';
import { redact, redactText } from './redact.ts';

/** A structured log. `log.info({ room }, 'room opened')`; `log.child({ … })` for what every line of a part carries. */
export type Log = pino.Logger;

/** How to log. */
export type LogOptions = {
  level: pino.LevelWithSilent;
  /** Lines for a person instead of JSON. `auto`, the default: when standard output is a terminal. */
  pretty?: boolean | 'auto';
  /** Where lines go; standard output by default. */
  destination?: { write(line: string): void };
};

/**
 * A log in which no token, secret or password appears: neither under its own key at any depth, nor within a message,
 * an error or its causes.
 */
export function createLog(options: LogOptions): Log {
  const { pretty = 'auto' } = options;
  const terminal = options.destination === undefined && isatty(1);
  const output = options.destination ?? standardOutput(terminal, (lines) => log.warn({ lines }, 'log lines were lost'));
  const readable = pretty === 'auto' ? terminal : pretty;
  const destination = readable ? { write: (line: string) => output.write(formatLine(line, terminal)) } : output;
  const log: Log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (object) => redact(object) as Record<string, unknown>,
      },
      // pino's own would take the redacted copy for an error, and write its cause off.
      serializers: { err: redact },
      hooks: {
        logMethod(args, method) {
          method.apply(this, clean(args));
        },
      },
    },
    destination,
  );
  return redactChildren(log);
}

/** At a terminal each line stands before whatever the process does next, and nobody counts microseconds. */
function standardOutput(terminal: boolean, onLost: (lines: number) => void): { write(line: string): void } {
  return terminal ? pino.destination({ fd: 1, sync: true }) : createLogOutput(1, onLost);
}

/** pino formats a child's fields with nothing that its parent set. Children inherit the method, so theirs do as well. */
function redactChildren(log: Log): Log {
  const { child } = log as unknown as { child: (this: Log, bindings: pino.Bindings, options?: object) => Log };
  return Object.assign(log, {
    child(this: Log, bindings: pino.Bindings, options?: object) {
      return child.call(this, redact(bindings) as pino.Bindings, options);
    },
  });
}

type LogArguments = Parameters<pino.LogFn>;

/** Message and arguments without secrets; an error's message is made the line's own, as pino would do by itself. */
function clean([first, ...rest]: LogArguments): LogArguments {
  const others = rest.map((argument) => redact(argument));
  if (typeof first !== 'object' || first === null) {
    return [redact(first), ...others] as unknown as LogArguments;
  }
  const object: object = first instanceof Error ? { err: first } : first;
  const error: unknown = 'err' in object ? object.err : undefined;
  if (others.length === 0 && error instanceof Error) others.push(redactText(error.message));
  return [object, ...others] as unknown as LogArguments;
}
