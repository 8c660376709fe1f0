/*
 * main.c - the one program: the server, or a command that talks to a server.
 */
#include "cli/cli.h"
#include "serve/serve.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv, serve_main);
}
