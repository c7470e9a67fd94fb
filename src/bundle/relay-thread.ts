import { launch } from './launch.ts';

launch('relay-thread');
