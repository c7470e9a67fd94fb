import { launch } from './launch.ts';

launch('store-thread');
