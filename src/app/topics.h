/* What `nakfield help` knows from the pages of docs/.  scripts/make_topics makes the table when the
   program is built. */
#pragma once

typedef struct {
  const char *kind;  /* such as "signal"; NULL ends the table */
  const char *names; /* by which it is found, one a line; of messages their texts, as in docs/ */
  const char *head;  /* as it is written, such as "strip: 1 mA/cm^2"; "" for messages */
  const char *text;  /* lines */
} NakTopic;

extern const NakTopic NakTopics[];
