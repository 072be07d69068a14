/* Text of unknown origin, written into XML. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/buf.h"

/* Appends the text as content of an element, so that whoever reads it gets it as it is (XML 1.0 2.4, 2.11). What no
 * XML can carry (2.2), and bytes that are no UTF-8, become U+FFFD. */
void xml_put_text(struct buf *out, const char *text);
/* Appends " name='value'", likewise (3.3.3). The name is written as it is. */
void xml_put_attribute(struct buf *out, const char *name, const char *value);

#endif
