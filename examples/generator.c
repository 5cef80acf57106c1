/* Generators: a walk through a tree that is written as the recursion it is, and used as a loop.
 *
 * Two trees of different shapes have the same fringe if their leaves, from left to right, are the same. With a
 * generator for each it is found out leaf by leaf, and as soon as two differ no more of either is walked.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <weft.h>

/* A leaf has a letter and no branches. */
struct tree {
    const struct tree *left, *right;
    char letter;
};

struct leaves {
    weft_generator(char) out;
    const struct tree *tree;
    int *walked;
};

static int walk(struct leaves *self, const struct tree *tree)
{
    int rc;

    ++*self->walked;
    if (!tree->left)
        return weft_emit(self->out, tree->letter); /* here it waits until the next one is asked for */
    rc = walk(self, tree->left);
    return rc < 0 ? rc : walk(self, tree->right);
}

static int leaves(struct leaves *self)
{
    return walk(self, self->tree);
}

/* 1: they have, 0: they have not. */
static int same_fringe(weft_scope *scope, const struct tree *a, const struct tree *b, int *walked)
{
    weft_generator(char) of_a = weft_generator_new(scope, char, leaves, .tree = a, .walked = walked);
    weft_generator(char) of_b = weft_generator_new(scope, char, leaves, .tree = b, .walked = walked);
    char letter_a = 0, letter_b = 0;
    int rc_a, rc_b;

    do {
        rc_a = weft_next(of_a, &letter_a); /* -EPIPE: no more */
        rc_b = weft_next(of_b, &letter_b);
    } while (rc_a == 0 && rc_b == 0 && letter_a == letter_b);
    weft_generator_free(of_a); /* ends a walk that is under way */
    weft_generator_free(of_b);
    if (rc_a < 0 && rc_a != -EPIPE)
        return rc_a;
    return rc_b < 0 && rc_b != -EPIPE ? rc_b : rc_a == rc_b && rc_a == -EPIPE;
}

#define LEAF(c) (&(const struct tree){.letter = (c)})
#define NODE(l, r) (&(const struct tree){.left = (l), .right = (r)})

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    const struct tree *leaning = NODE(NODE(NODE(LEAF('w'), LEAF('e')), LEAF('f')), LEAF('t'));
    const struct tree *balanced = NODE(NODE(LEAF('w'), LEAF('e')), NODE(LEAF('f'), LEAF('t')));
    const struct tree *other = NODE(LEAF('w'), NODE(LEAF('a'), NODE(LEAF('r'), LEAF('p'))));
    const struct tree *pairs[][2] = {{leaning, balanced}, {balanced, other}};
    weft_scope scope;
    int rc = 0;

    (void)self;
    weft_scope_open(&scope);
    for (int i = 0; i < 2 && rc >= 0; i++) {
        int walked = 0;

        rc = same_fringe(&scope, pairs[i][0], pairs[i][1], &walked);
        if (rc >= 0)
            printf("%s, after %d of 14 nodes\n", rc ? "the same" : "different", walked);
    }
    return weft_scope_close_with(&scope, rc < 0 ? rc : 0);
}

int main(void)
{
    return weft_main(demo, 0);
}
