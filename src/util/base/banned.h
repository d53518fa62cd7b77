/*
 * banned: functions that have no bound or no error, and so have no place here. Included by mem.h, thus everywhere.
 */
#ifndef UTIL_BASE_BANNED_H
#define UTIL_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef strcpy
#define strcpy(d, s)	banned_use_struct_buf_not_strcpy
#undef strcat
#define strcat(d, s)	banned_use_struct_buf_not_strcat
#undef strncpy
#define strncpy(d, s, n) banned_use_struct_buf_not_strncpy
#undef strncat
#define strncat(d, s, n) banned_use_struct_buf_not_strncat
#undef sprintf
#define sprintf		banned_use_buf_printf_not_sprintf
#undef vsprintf
#define vsprintf	banned_use_buf_vprintf_not_vsprintf
#undef strtok
#define strtok(s, d)	banned_use_cursor_not_strtok
#undef atoi
#define atoi(s)		banned_use_number_h_not_atoi
#undef atol
#define atol(s)		banned_use_number_h_not_atol
#undef gets
#define gets(s)		banned_gets

#endif
