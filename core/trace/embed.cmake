# Writes the text file IN as C++ raw string literals to OUT.
# A literal longer than 64 KiB is more than the standard promises, so it is cut at statement ends.
file(READ "${IN}" text)
string(REPLACE ";\n\n" ";\n)moescope_sql\"\nR\"moescope_sql(\n" text "${text}")
file(WRITE "${OUT}" "R\"moescope_sql(${text})moescope_sql\"\n")
