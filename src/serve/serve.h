/*
 * serve.h - the server process: `fermata serve`.
 */
#ifndef FERMATA_SERVE_SERVE_H
#define FERMATA_SERVE_SERVE_H

int serve_main(int argc, char **argv);

#endif
