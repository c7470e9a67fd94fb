/** Drawn people in front of a drawn camera, for pictures of the meeting page. */

export type Scene = {
  skin: string;
  hair: string;
  shirt: string;
  /** Of the wall behind, from the top left to the bottom right. */
  wall: readonly [string, string];
  style: 'short' | 'long' | 'bun' | 'beard';
  /** Whether something is heard of the person. */
  speaks: boolean;
};

/** Gives the page a camera and a microphone with this scene. As `installKit`, its text alone reaches the page. */
export function installCamera(scene: Scene): void {
  const WIDTH = 640;
  const HEIGHT = 360;
  const FRAMES = 8;

  function draw(context: CanvasRenderingContext2D, seconds: number): void {
    const wall = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
    wall.addColorStop(0, scene.wall[0]);
    wall.addColorStop(1, scene.wall[1]);
    context.fillStyle = wall;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    const window = context.createRadialGradient(WIDTH * 0.82, 60, 10, WIDTH * 0.82, 60, 260);
    window.addColorStop(0, 'rgba(255, 250, 235, 0.5)');
    window.addColorStop(1, 'rgba(255, 250, 235, 0)');
    context.fillStyle = window;
    context.fillRect(0, 0, WIDTH, HEIGHT);

    context.save();
    context.translate(WIDTH / 2 + 5 * Math.sin(seconds), 4 * Math.sin(seconds * 1.7));
    person(context);
    context.restore();
  }

  function person(context: CanvasRenderingContext2D): void {
    const ellipse = (color: string, x: number, y: number, rx: number, ry: number) => {
      context.fillStyle = color;
      context.beginPath();
      context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
      context.fill();
    };
    const { skin, hair, shirt, style } = scene;
    if (style === 'long') {
      context.fillStyle = hair;
      context.beginPath();
      context.roundRect(-86, 70, 172, 210, 80);
      context.fill();
    }
    if (style === 'bun') ellipse(hair, 0, 46, 36, 32);
    ellipse(shirt, 0, 390, 178, 135);
    ellipse('rgba(0, 0, 0, 0.12)', 0, 268, 52, 30);
    context.fillStyle = skin;
    context.beginPath();
    context.roundRect(-32, 205, 64, 80, 30);
    context.fill();
    ellipse(hair, 0, 132, 82, 80);
    ellipse(skin, 0, 160, 68, 84);
    if (style === 'beard') {
      ellipse(hair, 0, 208, 58, 44);
      ellipse(skin, 0, 176, 60, 38);
    }
    context.fillStyle = hair;
    context.beginPath();
    context.ellipse(0, 112, 74, 46, style === 'short' ? -0.12 : 0.1, Math.PI, 2 * Math.PI);
    context.fill();
    for (const side of [-1, 1]) {
      ellipse('#fff', 26 * side, 150, 11, 7);
      ellipse('#2a1f1a', 26 * side, 150, 5.5, 6);
      ellipse('rgba(200, 80, 60, 0.16)', 42 * side, 184, 15, 10);
    }
    context.strokeStyle = '#8a3b33';
    context.lineWidth = 5;
    context.lineCap = 'round';
    context.beginPath();
    context.arc(0, 188, 24, 0.25 * Math.PI, 0.75 * Math.PI);
    context.stroke();
  }

  function picture(): MediaStreamTrack {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('no canvas');
    setInterval(() => draw(context, performance.now() / 1000), 1000 / FRAMES);
    const [track] = canvas.captureStream(FRAMES).getVideoTracks();
    if (track === undefined) throw new Error('no picture');
    return track;
  }

  function sound(): MediaStreamTrack {
    const context = new AudioContext();
    const voice = context.createOscillator();
    const volume = context.createGain();
    const out = context.createMediaStreamDestination();
    voice.frequency.value = 220;
    volume.gain.value = 0;
    // Syllables: a tone that only lasts is not taken for speech.
    if (scene.speaks) setInterval(() => (volume.gain.value = Math.random() < 0.7 ? 0.6 : 0), 150);
    voice.connect(volume).connect(out);
    voice.start();
    const [track] = out.stream.getAudioTracks();
    if (track === undefined) throw new Error('no sound');
    return track;
  }

  navigator.mediaDevices.getUserMedia = ({ video, audio } = {}) =>
    Promise.resolve(new MediaStream([...(video ? [picture()] : []), ...(audio ? [sound()] : [])]));
}
