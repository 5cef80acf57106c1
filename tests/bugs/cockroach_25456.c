/* cockroachdb/cockroach 25456: a question that waits until its answer is yes.
 *
 *     consistencyQueue.process   is the store stopping? -> process
 *     the test                   two of them, and no stop -> the function below
 *
 * It receives from the channel that is closed at the stop. The fix is a select with a default.
 */
#include "bugs.h"

static void process(weft_chan(char) quiescer, bool fixed)
{
    if (fixed)
        weft_select(weft_on_recv(quiescer, NULL, NULL), weft_on_default());
    else
        weft_recv(quiescer, NULL);
}

BUG(cockroach_25456)
{
    weft_chan(char) quiescer = weft_chan_new(char, 0);

    for (int i = 0; i < 2; i++)
        process(quiescer, self->fixed);
    weft_chan_free(quiescer);
    return 0;
}
