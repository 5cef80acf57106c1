/* The process's own limits. */
#ifndef WEFT_APP_LIMITS_H
#define WEFT_APP_LIMITS_H

/* As many open files as the administrator allows: a connection is one. */
void limits_raise_files(void);

#endif
