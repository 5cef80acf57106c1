/* The commands of the program: each reads its own words (argv[0] is the command's last word) and returns the exit code.
 */
#ifndef WEFT_APP_COMMANDS_H
#define WEFT_APP_COMMANDS_H

int command_explore(int argc, char **argv);
int command_fib_serve(int argc, char **argv);
int command_fib_load(int argc, char **argv);
int command_run(int argc, char **argv);
int command_tour(int argc, char **argv);

#endif
