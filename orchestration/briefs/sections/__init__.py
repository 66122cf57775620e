"""The questions of a brief, one module each: numbers of the marts become an answer, pictures, tables and next steps."""
