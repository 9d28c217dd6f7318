@echo off
rem Starts this node; close the window or press Ctrl-C to stop it. It goes on where it was when it is started again.
rem The Task Scheduler calls it with the word service: then it waits for no key, and after a failure starts the node
rem again in a minute, unless a person must look at it: 8 10 11 15 16 23 (docs/errors.md), 2 a wrong command line.
rem This file is UTF-8: without the next line, cmd.exe reads an umlaut in the path below as something else.
chcp 65001 >nul
:start
@PYTHON@ -m fedfolder node run "%~dp0."
set code=%errorlevel%
if "%code%"=="0" exit /b 0
if not "%~1"=="service" goto ask
for %%c in (2 8 10 11 15 16 23) do if "%code%"=="%%c" exit /b %code%
rem ping, since timeout wants a keyboard
ping -n 61 127.0.0.1 >nul
goto start
:ask
pause
exit /b %code%
