import { launch } from './launch.ts';

launch('webhook-thread');
