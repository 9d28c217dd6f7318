@echo off
rem Starts this node; close the window or press Ctrl-C to stop it. It goes on where it was when it is started again.
rem This file is UTF-8: without the next line, cmd.exe reads an umlaut in the path below as something else.
chcp 65001 >nul
@PYTHON@ -m fedfolder node run "%~dp0."
if errorlevel 1 pause
