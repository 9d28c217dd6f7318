@echo off
rem Starts this node; close the window or press Ctrl-C to stop it. It goes on where it was when it is started again.
cd /d "%~dp0"
@PYTHON@ -m fedfolder node run .
if errorlevel 1 pause
