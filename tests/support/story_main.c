/*
 * The program of a file of stories: linked where the file has no main() of its own.
 */
#include "story.h"

int main(void)
{
    return stories_run(stories, story_count);
}
