/*
 * serve.h - `fermata serve`: the shell round the engine, with its threads, sockets and signals.
 */
#ifndef FERMATA_SERVE_SERVE_H
#define FERMATA_SERVE_SERVE_H

/* argv[0] is "serve". Returns the exit status: 0 after a clean stop, 2 for wrong arguments, 1 when
 * it cannot start. */
int serve_main(int argc, char **argv);

#endif
