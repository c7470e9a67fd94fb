import type { ComponentChildren, JSX } from 'preact';

/** Line icons of one family: 24 by 24, drawn in the text's colour, hidden from screen readers. */

export type Icon = () => JSX.Element;

function Glyph({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const MicIcon: Icon = () => (
  <Glyph>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3" />
  </Glyph>
);

export const MicOffIcon: Icon = () => (
  <Glyph>
    <path d="M15 10V6a3 3 0 0 0-5.700-1.300M9 9v2a3 3 0 0 0 4.700 2.500M5.500 11.500a6.500 6.500 0 0 0 10.600 5M18.500 11.500c0 .8-.1 1.500-.4 2.200M12 18v3M4 4l16 16" />
  </Glyph>
);

export const CameraIcon: Icon = () => (
  <Glyph>
    <rect x="3" y="6.500" width="12.500" height="11" rx="2.500" />
    <path d="m15.500 10.500 5-2.800v8.600l-5-2.800" />
  </Glyph>
);

export const CameraOffIcon: Icon = () => (
  <Glyph>
    <path d="M10.500 6.500H13a2.500 2.500 0 0 1 2.500 2.500v1.500l5-2.800v8.600l-2.300-1.300M15.200 16.200A2.500 2.500 0 0 1 13 17.500H5.500A2.500 2.500 0 0 1 3 15V9c0-1 .6-1.900 1.500-2.300M3.500 3.500l17 17" />
  </Glyph>
);

export const ScreenIcon: Icon = () => (
  <Glyph>
    <rect x="3" y="4.500" width="18" height="12.500" rx="2.500" />
    <path d="M8.500 20.500h7M12 14V8m0 0L9.500 10.500M12 8l2.500 2.500" />
  </Glyph>
);

export const ScreenOffIcon: Icon = () => (
  <Glyph>
    <rect x="3" y="4.500" width="18" height="12.500" rx="2.500" />
    <path d="M8.500 20.500h7M9.800 8.500l4.400 4.400m0-4.400-4.400 4.400" />
  </Glyph>
);

export const ChatIcon: Icon = () => (
  <Glyph>
    <path d="M4 6.500A2.500 2.500 0 0 1 6.500 4h11A2.500 2.500 0 0 1 20 6.500v7a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 4v-4A2.500 2.500 0 0 1 4 13.500zM8 8.500h8M8 11.800h5" />
  </Glyph>
);

export const PeopleIcon: Icon = () => (
  <Glyph>
    <circle cx="9" cy="8.500" r="3.500" />
    <path d="M2.800 19.500a6.200 6.200 0 0 1 12.400 0M15.500 5.300a3.500 3.500 0 0 1 0 6.400M17.500 14.200a6.200 6.200 0 0 1 3.700 5.300" />
  </Glyph>
);

export const SettingsIcon: Icon = () => (
  <Glyph>
    <path d="M4 7.500h9.500M18.500 7.500H20M4 16.500h1.500M10.500 16.500H20" />
    <circle cx="16" cy="7.500" r="2.500" />
    <circle cx="8" cy="16.500" r="2.500" />
  </Glyph>
);

export const LeaveIcon: Icon = () => (
  <Glyph>
    <path d="M12 9.500c-3.400 0-6.400 1-8.300 2.700-.8.700-.9 1.800-.4 2.700l.8 1.300c.4.700 1.300 1 2.100.7l1.900-.8c.6-.2 1-.8 1-1.400l.1-1.300a12 12 0 0 1 5.600 0l.1 1.300c0 .6.400 1.200 1 1.400l1.900.8c.8.300 1.700 0 2.100-.7l.8-1.300c.5-.9.4-2-.4-2.700-1.900-1.700-4.900-2.700-8.300-2.700z" />
  </Glyph>
);

export const MoreIcon: Icon = () => (
  <Glyph>
    <path d="M5.500 12h.01M12 12h.01M18.500 12h.01" class="dots" />
  </Glyph>
);

export const CloseIcon: Icon = () => (
  <Glyph>
    <path d="m6 6 12 12M18 6 6 18" />
  </Glyph>
);

export const SendIcon: Icon = () => (
  <Glyph>
    <path d="M4.500 5 20 12 4.500 19l2.500-7zM7 12h6" />
  </Glyph>
);

export const SpeakerIcon: Icon = () => (
  <Glyph>
    <path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a7.700 7.700 0 0 1 0 11" />
  </Glyph>
);

export const PinIcon: Icon = () => (
  <Glyph>
    <path d="M9 3.500h6M10 3.500v5.700L7 12.500v1.500h10v-1.500l-3-3.300V3.500M12 14v6.500" />
  </Glyph>
);

export const PreviousIcon: Icon = () => (
  <Glyph>
    <path d="m14.500 6-6 6 6 6" />
  </Glyph>
);

export const NextIcon: Icon = () => (
  <Glyph>
    <path d="m9.500 6 6 6-6 6" />
  </Glyph>
);

export const ChevronIcon: Icon = () => (
  <Glyph>
    <path d="m7 14 5-5 5 5" />
  </Glyph>
);

export const CheckIcon: Icon = () => (
  <Glyph>
    <path d="m5 12.500 4.500 4.500L19 7.500" />
  </Glyph>
);

/** Three bars, of which the first `bars` are there; with none of them, they are struck out. */
export function SignalIcon({ bars }: { bars: 0 | 1 | 2 | 3 }): JSX.Element {
  return (
    <Glyph>
      {[8, 13, 18].map((height, index) => (
        <rect
          key={height}
          class={index < bars ? 'signal-bar signal-bar-on' : 'signal-bar'}
          x={3.5 + index * 6.5}
          y={20.5 - height}
          width="4"
          height={height}
          rx="1"
        />
      ))}
      {bars === 0 && <path d="M3.500 3.500l17 17" />}
    </Glyph>
  );
}

export const WarningIcon: Icon = () => (
  <Glyph>
    <path d="M12 9v4.500M12 17h.01M10.300 4.500 2.800 17.500A2 2 0 0 0 4.500 20.500h15a2 2 0 0 0 1.700-3L13.700 4.500a2 2 0 0 0-3.400 0z" />
  </Glyph>
);

export const SignOutIcon: Icon = () => (
  <Glyph>
    <path d="M14 4H7a2.500 2.500 0 0 0-2.500 2.500v11A2.500 2.500 0 0 0 7 20h7M10 12h10.500m0 0-3.500-3.500m3.500 3.500-3.500 3.500" />
  </Glyph>
);

export const UpIcon: Icon = () => (
  <Glyph>
    <path d="M12 20V5m0 0-5.500 5.500M12 5l5.500 5.500" />
  </Glyph>
);

export const DownIcon: Icon = () => (
  <Glyph>
    <path d="M12 4v15m0 0-5.500-5.500M12 19l5.500-5.500" />
  </Glyph>
);

export const SourceIcon: Icon = () => (
  <Glyph>
    <circle cx="12" cy="12" r="2.500" />
    <path d="M7.200 7.200a6.800 6.800 0 0 0 0 9.600M16.800 7.200a6.800 6.800 0 0 1 0 9.600M4.500 4.500a10.600 10.600 0 0 0 0 15M19.500 4.500a10.600 10.600 0 0 1 0 15" />
  </Glyph>
);

export const MachineIcon: Icon = () => (
  <Glyph>
    <rect x="4.500" y="5" width="15" height="10.500" rx="2" />
    <path d="M2.500 19h19" />
  </Glyph>
);

/** The mark of the product: a gate that is half open, and the stream below it. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="logo-ground" width="32" height="32" rx="9" />
      <path class="logo-posts" d="M8 9v14M24 9v14" />
      <path class="logo-gate" d="M16 9v6M12.500 21.500q1.750-2 3.500 0t3.500 0" />
    </svg>
  );
}
