"""For pvpython: follow a running simulation by Catalyst Live, and say what is seen of the face's
current.

Usage: client.py PORT SECONDS.  Ends when two different states were seen.
"""
import sys
import time

from paraview import live, servermanager

link = live.ConnectToCatalyst("localhost", int(sys.argv[1]))
events = servermanager.vtkProcessModule.GetProcessModule().GetNetworkAccessManager()
seen, face = [], None
print("listening", flush=True)
end = time.time() + float(sys.argv[2])
while time.time() < end and len(seen) < 2:
    events.ProcessEvents(50)
    if face is None:
        there = link.GetInsituProxyManager()
        if there and there.GetProxy("sources", "face"):
            face = live.ExtractCatalystData(link, "face")
        continue
    face.UpdatePipeline()
    current = face.CellData["current"] if "current" in face.CellData.keys() else None
    if current and current.GetRange()[1] > 0 and current.GetRange()[1] not in seen:
        seen.append(current.GetRange()[1])
print("seen", face.GetDataInformation().GetNumberOfCells() if face else 0, *seen, flush=True)
