@echo off
rem Installs fedfolder @VERSION@ for this user, from this folder alone: install.bat [PYTHON]
rem PYTHON is the path of the python.exe of a Python @PYTHON@; without it, the launcher py finds one, and the window waits.
setlocal EnableExtensions DisableDelayedExpansion
if not exist "%~dp0install.py" goto packed
if not "%~1"=="" goto named
py -@PYTHON@ -I "%~dp0install.py"
if not "%errorlevel%"=="0" goto failed
pause
exit /b 0
:named
"%~1" -I "%~dp0install.py"
exit /b %errorlevel%
:failed
echo It needs Python @PYTHON@. To say where that is: install.bat C:\path\to\python.exe
pause
exit /b 1
:packed
echo Unpack the whole zip into a folder first, and start install.bat there.
pause
exit /b 1
